"""How people write: signs and commands made plain, tables and sentences taken apart, until claims stand alone."""
