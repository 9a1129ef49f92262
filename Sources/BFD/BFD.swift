// BFD
