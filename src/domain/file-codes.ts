// The federal extract's file codes (the first letter of the NCIC number), and which of the purposes
// that licence plates may be looked for each of them serves (policy 401.1).
//
// Stolen, wanted and missing are named there. Other codes name people who are not wanted: they are
// under an order, on a register, or known to somebody. Policy 401.1 has no word for that, so their
// entries import inactive until an administrator decides for the list, and so do those of a letter
// that is not here: the extract has extreme risk protection orders too (FBI, CJIS Link of 4 June
// 2024), whose letter is not published.
import type { Category, Purpose } from './hotlist.ts'

export interface FileCodeMeaning {
  title: string
  /** What its alerts are headed with. */
  category: Category
  /** Null where none of 401.1 fits. */
  purpose: Purpose | null
  /** Why, in a sentence for the administrator who has to decide. */
  why: string
}

export const FILE_CODES: ReadonlyMap<string, FileCodeMeaning> = new Map(
  Object.entries({
    A: {
      title: 'AMBER alert',
      category: 'amber_alert',
      purpose: 'missing_person',
      why: 'An abducted child is a missing person.',
    },
    B: {
      title: 'Stolen boat',
      category: 'stolen_vehicle',
      purpose: 'property_recovery',
      why: 'A boat on its trailer is stolen property.',
    },
    C: {
      title: 'Supervised release',
      category: 'supervised_release',
      purpose: null,
      why: 'A court has set the person free under conditions: neither wanted nor a suspect.',
    },
    F: {
      title: 'Felony vehicle',
      category: 'felony_vehicle',
      purpose: 'stolen_or_wanted_vehicle',
      why: 'A vehicle that was used in a felony is a wanted vehicle.',
    },
    H: {
      title: 'Protection order',
      category: 'protection_order',
      purpose: null,
      why: 'Its respondent is suspected of nothing while the order is kept.',
    },
    K: {
      title: 'Protective interest',
      category: 'person_of_interest',
      purpose: null,
      why: 'Somebody who may mean harm to a person under protection: no warrant, no crime.',
    },
    L: {
      title: 'Violent person',
      category: 'person_of_interest',
      purpose: null,
      why: 'A caution for the safety of officers: no warrant, no crime.',
    },
    M: {
      title: 'Missing person',
      category: 'missing_person',
      purpose: 'missing_person',
      why: 'Policy 401.1 names missing persons.',
    },
    N: {
      title: 'Immigration violator',
      category: 'person_of_interest',
      purpose: null,
      why: 'Mostly administrative: 401.1 names no such purpose, and state law may forbid it.',
    },
    P: {
      title: 'Stolen plate',
      category: 'stolen_plate',
      purpose: 'stolen_plate',
      why: 'Policy 401.1 names stolen plates.',
    },
    R: {
      title: 'Canadian record',
      category: 'person_of_interest',
      purpose: null,
      why: 'The code tells that a record is of Canada, and not what it is about.',
    },
    T: {
      title: 'Gang or terrorist',
      category: 'person_of_interest',
      purpose: null,
      why: 'Membership or suspicion of it: the record by itself allows no stop.',
    },
    V: {
      title: 'Stolen vehicle',
      category: 'stolen_vehicle',
      purpose: 'stolen_or_wanted_vehicle',
      why: 'Policy 401.1 names stolen vehicles.',
    },
    W: {
      title: 'Wanted person',
      category: 'wanted_person',
      purpose: 'warrant',
      why: 'A warrant is out for the person.',
    },
    X: {
      title: 'Sex offender',
      category: 'person_of_interest',
      purpose: null,
      why: 'Whoever is on the register lives there by law: neither wanted nor a suspect.',
    },
  } satisfies Record<string, FileCodeMeaning>),
)
