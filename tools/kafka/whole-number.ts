/** Reads an option of a command line. Throws an Error that names it. */
export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= min && number <= max && text.trim() !== '') return number
  throw new Error(`${option} must be a whole number from ${min} to ${max}, not "${text}"`)
}
