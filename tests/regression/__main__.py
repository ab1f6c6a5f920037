from tests.regression import write

write()
