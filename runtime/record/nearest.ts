import { distance } from 'fastest-levenshtein';

/** The known word closest to a misspelt one, if one is close enough to be meant. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.min(3, Math.floor(word.length / 4))) + 1;
  for (const candidate of known) {
    const away = typingDistance(word.toLowerCase(), candidate.toLowerCase());
    if (away < bestDistance) [best, bestDistance] = [candidate, away];
  }
  return best;
}

/** Levenshtein's, but two letters the wrong way round are one mistake. */
function typingDistance(a: string, b: string): number {
  const away = distance(a, b);
  return away === 2 && letters(a) === letters(b) ? 1 : away;
}

function letters(text: string): string {
  return text.split('').toSorted().join('');
}
