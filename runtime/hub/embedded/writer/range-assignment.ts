export interface Consumer {
  readonly member: number;
  readonly topics: ReadonlySet<string>;
}

export interface Owned {
  readonly topic: string;
  readonly partition: number;
}

/**
 * Kafka's default, "range": per topic the subscribed members in order get runs of partitions, the
 * first ones one more where it does not come out even. Partitions of several topics with the same
 * number land on the same member.
 */
export function assignRanges(
  consumers: readonly Consumer[],
  partitions: ReadonlyMap<string, number>,
): Map<number, Owned[]> {
  const assigned = new Map<number, Owned[]>(consumers.map(({ member }) => [member, []]));
  for (const topic of [...partitions.keys()].sort()) {
    const count = partitions.get(topic) ?? 0;
    const members = consumers.filter((consumer) => consumer.topics.has(topic)).map(({ member }) => member);
    members.sort((a, b) => a - b);
    const each = Math.floor(count / members.length);
    const extra = count % members.length;
    members.forEach((member, index) => {
      const first = each * index + Math.min(index, extra);
      const end = first + each + (index < extra ? 1 : 0);
      for (let partition = first; partition < end; partition++) assigned.get(member)?.push({ topic, partition });
    });
  }
  return assigned;
}
