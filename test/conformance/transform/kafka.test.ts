import { kafkaCases } from '../../generate/transform-fixtures/kafka-cases.ts';
import { KAFKA_DIFFERENCES } from './differences.ts';
import { compareAll } from './compare.ts';

compareAll('Kafka Connect’s own', 'kafka.jsonl', kafkaCases(), KAFKA_DIFFERENCES);
