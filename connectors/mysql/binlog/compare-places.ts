/** Negative: the first place is before the second. Files are numbered, and their numbers grow in length. */
export function comparePlaces(file: string, position: number, otherFile: string, otherPosition: number): number {
  const byFile = fileNumber(file) - fileNumber(otherFile);
  return byFile === 0 ? position - otherPosition : byFile;
}

function fileNumber(file: string): number {
  return Number(file.slice(file.lastIndexOf('.') + 1));
}
