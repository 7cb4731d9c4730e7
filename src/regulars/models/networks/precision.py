"""Precision: products of matrices in bfloat16 where the machine multiplies them faster; all else in float32."""

import torch


def half(device: torch.device) -> bool:
    """Whether this device multiplies bfloat16 natively: CPUs with AMX, GPUs that say so."""
    if device.type == "cpu":
        told = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}  # since torch 2.11
        return bool(told.get("amx_bf16"))
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def precision(device: torch.device, wanted: str) -> torch.autocast:
    """The context of a step's loss: weights, sums and gradients stay float32, the products inside may be bfloat16.

    wanted: "float32", "bfloat16", or "auto" for bfloat16 where `half(device)`. bfloat16 has the range of float32, so
    that no loss needs scaling (Kalamkar et al., A Study of BFLOAT16 for Deep Learning Training, 2019).
    """
    enabled = wanted == "bfloat16" or (wanted == "auto" and half(device))
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=enabled)
