// All kernels, in one module. A family per file; a name is <verb><Type>; pointers and counts in, a number out; nothing allocates.
export * from './bitmap'
