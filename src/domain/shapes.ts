// Letters and digits of licence plates.

/**
 * Shapes of plates across the United States, by how common they are: `L` a letter, `D` a digit.
 */
export const COMMON_SHAPES: readonly (readonly [shape: string, weight: number])[] = [
  ['LLLDDDD', 35],
  ['DLLLDDD', 20],
  ['LLLDDD', 15],
  ['DDDLLL', 8],
  ['LLDDDDD', 6],
  ['LDDLLL', 4],
  ['LDDDDDD', 3],
  ['LLLDDDL', 3],
]
