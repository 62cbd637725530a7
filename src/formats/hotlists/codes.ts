// Codes of the federal system as the hot-list files write them, where the letter O is a zero:
// issuing states, make, model, style and colour, file codes as reasons.

/**
 * Issuing states (LIS) whose code is not the ISO 3166-2 one of a state of the United States. A code
 * that is neither (Mexican states, other countries, federal plates) leaves the state unknown: an
 * entry of no state is looked for on plates of any.
 */
const OTHER_STATES: Readonly<Record<string, string>> = {
  NB: 'US-NE',
  PR: 'US-PR',
  VI: 'US-VI',
  GU: 'US-GU',
  GM: 'US-GU',
  AB: 'CA-AB',
  BC: 'CA-BC',
  MB: 'CA-MB',
  NF: 'CA-NL',
  NL: 'CA-NL',
  NK: 'CA-NB',
  NS: 'CA-NS',
  NT: 'CA-NT',
  ON: 'CA-ON',
  PE: 'CA-PE',
  PQ: 'CA-QC',
  QC: 'CA-QC',
  SK: 'CA-SK',
  SN: 'CA-SK',
  YT: 'CA-YT',
}

const US_STATES =
  'AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ ' +
  'NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY'

const REGIONS: ReadonlyMap<string, string> = new Map([
  ...US_STATES.split(' ').map((code) => [code, `US-${code}`] as const),
  ...Object.entries(OTHER_STATES),
])

/**
 * @param code `ID`, `0H`; two characters
 * @returns ISO 3166-2, or undefined where the code names no state that is known here
 */
export function regionOfCode(code: string): string | undefined {
  return REGIONS.get(code.replaceAll('0', 'O'))
}

/**
 * A code for display: `F0RD` is FORD, `S0N` is SON. A zero beside another digit is one (`C30`), as
 * is one without letters.
 */
export function decodeCode(code: string): string {
  if (!code.includes('0') || /[1-9]/.test(code) || !/[A-Z]/.test(code)) return code
  return code.replaceAll('0', 'O')
}

/** The federal system's file codes, as the reason that an alert shows. */
const FILE_REASONS: Readonly<Record<string, string>> = {
  A: 'AMBER alert',
  B: 'Stolen boat',
  C: 'Supervised release',
  F: 'Vehicle used in a felony',
  H: 'Protection order',
  K: 'Protective interest',
  L: 'Violent person',
  M: 'Missing person',
  N: 'Immigration violator',
  P: 'Stolen plate',
  R: 'Canadian file',
  T: 'Gang or terrorist organization member',
  V: 'Stolen vehicle',
  W: 'Wanted person',
  X: 'Sex offender',
}

/** Of a record whose type is told in words that no file code stands for: somebody has to decide. */
export const NO_FILE_CODE = '?'

/** Types of records in words, as the states write them; the first that fits. */
const TYPES: readonly (readonly [words: RegExp, code: string])[] = [
  [/\bCPIC\b|CANADIAN/, 'R'],
  [/STOLEN.*\b(PLATE|TAG|LICENSE)|\bLOST PLATE/, 'P'],
  [/STOLEN.*\bBOAT/, 'B'],
  [/STOLEN|CAR ?JACK/, 'V'],
  [/AMBER/, 'A'],
  [/WARRANT|WANTED/, 'W'],
  [/MISSING/, 'M'],
  [/\bFELONY/, 'F'],
  [/PROTECTION ORDER|PROTECTIVE ORDER/, 'H'],
  [/SUPERVISED/, 'C'],
  [/SEX(UAL)? OFFENDER/, 'X'],
  [/VIOLENT PERSON/, 'L'],
  [/GANG|TERRORIST/, 'T'],
  [/IMMIGRATION|DEPORTED/, 'N'],
]

/** @returns the federal file code that such words stand for, or {@link NO_FILE_CODE} */
export function fileCodeOfWords(words: string): string {
  const upper = words.toUpperCase()
  return TYPES.find(([pattern]) => pattern.test(upper))?.[1] ?? NO_FILE_CODE
}

/** @param code one letter; also one that the table does not have: it is told as it is */
export function reasonOfFile(code: string): string {
  return FILE_REASONS[code] ?? `File ${code}`
}
