// Codes of the federal system as the hot-list files write them, where the letter O is a zero:
// issuing states, make, model, style and colour, file codes as reasons.
import { FILE_CODES } from '../../domain/file-codes.ts'

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

const NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    alabama: 'US-AL',
    alaska: 'US-AK',
    arizona: 'US-AZ',
    arkansas: 'US-AR',
    california: 'US-CA',
    colorado: 'US-CO',
    connecticut: 'US-CT',
    delaware: 'US-DE',
    'district of columbia': 'US-DC',
    florida: 'US-FL',
    georgia: 'US-GA',
    hawaii: 'US-HI',
    idaho: 'US-ID',
    illinois: 'US-IL',
    indiana: 'US-IN',
    iowa: 'US-IA',
    kansas: 'US-KS',
    kentucky: 'US-KY',
    louisiana: 'US-LA',
    maine: 'US-ME',
    maryland: 'US-MD',
    massachusetts: 'US-MA',
    michigan: 'US-MI',
    minnesota: 'US-MN',
    mississippi: 'US-MS',
    missouri: 'US-MO',
    montana: 'US-MT',
    nebraska: 'US-NE',
    nevada: 'US-NV',
    'new hampshire': 'US-NH',
    'new jersey': 'US-NJ',
    'new mexico': 'US-NM',
    'new york': 'US-NY',
    'north carolina': 'US-NC',
    'north dakota': 'US-ND',
    ohio: 'US-OH',
    oklahoma: 'US-OK',
    oregon: 'US-OR',
    pennsylvania: 'US-PA',
    'puerto rico': 'US-PR',
    'rhode island': 'US-RI',
    'south carolina': 'US-SC',
    'south dakota': 'US-SD',
    tennessee: 'US-TN',
    texas: 'US-TX',
    utah: 'US-UT',
    vermont: 'US-VT',
    virginia: 'US-VA',
    washington: 'US-WA',
    'west virginia': 'US-WV',
    wisconsin: 'US-WI',
    wyoming: 'US-WY',
    alberta: 'CA-AB',
    'british columbia': 'CA-BC',
    manitoba: 'CA-MB',
    'new brunswick': 'CA-NB',
    newfoundland: 'CA-NL',
    'newfoundland and labrador': 'CA-NL',
    'nova scotia': 'CA-NS',
    'northwest territories': 'CA-NT',
    nunavut: 'CA-NU',
    ontario: 'CA-ON',
    'prince edward island': 'CA-PE',
    quebec: 'CA-QC',
    saskatchewan: 'CA-SK',
    yukon: 'CA-YT',
  }),
)

/** @param name a state of the United States or a province of Canada, in words of any case */
export function regionOfName(name: string): string | undefined {
  return NAMES.get(name.toLowerCase().replace(/[\s_-]+/g, ' '))
}

/**
 * A code for display: `F0RD` is FORD, `S0N` is SON. A zero beside another digit is one (`C30`), as
 * is one without letters.
 */
export function decodeCode(code: string): string {
  if (!code.includes('0') || /[1-9]/.test(code) || !/[A-Z]/.test(code)) return code
  return code.replaceAll('0', 'O')
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
  return FILE_CODES.get(code)?.title ?? `File ${code}`
}
