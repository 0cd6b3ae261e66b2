"""Small changes of the pure modules, one at a time, against the tests of the changed module: do they notice?"""
