declare const brand: unique symbol;

/** A type of its own for values that share a representation but must not be mixed up. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
