"""How many weights networks have; most are held against the number of a paper."""


def count(*modules):
    return sum(weight.numel() for module in modules for weight in module.parameters())
