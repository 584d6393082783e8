"""How settings are read and checked: the environment, the brand, what logs may say, who can reach us."""
