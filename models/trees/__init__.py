"""Trees: one question after the other.

tree            CART, exact and greedy
"""
