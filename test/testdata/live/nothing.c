// Does nothing: a stand-in for programs that rules know by name.
int main(void) { return 0; }
