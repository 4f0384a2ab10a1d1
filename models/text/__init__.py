"""Text: documents, and other records, as rows of numbers.

analysis        a document as a list of terms: words, or pieces of them
stop_words      words that say little
rows            tables that are mostly zeros
counts          how often each term occurs
tfidf           these counts, weighted by how rare a term is
hashing         terms counted in columns that a hash function chooses
hashed_records  records counted in such columns
dictionaries    records of names and values

The result of all of them is an array while it is not large, since most models here compute with arrays. It
answers toarray(), as a sparse matrix of SciPy does. `sparse_output` chooses one or the other.
"""

from models.foundation.contents import contents

__getattr__ = contents(__name__, {})
