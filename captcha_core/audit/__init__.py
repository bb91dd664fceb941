"""What may be wrong with a data set: labels, twins, texts in two splits, odd pictures; one list, worst first."""
