"""The parts of a simulated shop: tastes, catalog, customers, visits, campaigns, pictures, and the bare log."""
