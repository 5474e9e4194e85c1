"""Cases: the list of them, the page of one, footage that is asked for, and putting things into a case from anywhere."""
