"""What the marts promise to whoever reads them."""
