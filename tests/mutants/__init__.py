"""Small changes of the code, made by mutmut: does a test notice? (`make mutants`)"""
