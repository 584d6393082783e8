"""Service Health: what a customer sees of the incidents that concern it. A realm apart from the desk."""
