/** Unix milliseconds; 0 or absent: never. */
export type Millis = number
