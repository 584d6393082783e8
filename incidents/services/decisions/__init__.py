"""What the policy or a person decides, recorded; the policy in force."""
