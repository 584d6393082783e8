"""Alert rules: what one says, saving and warning, the sentence, the form, the file, and the tester."""
