"""Labels of the target text from outside: a command of the user's, such as a large language model."""
