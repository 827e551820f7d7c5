import { debeziumCases } from '../../generate/transform-fixtures/debezium-cases.ts';
import { DEBEZIUM_DIFFERENCES } from './differences.ts';
import { compareAll } from './compare.ts';

compareAll('Debezium’s own', 'debezium.jsonl', debeziumCases(), DEBEZIUM_DIFFERENCES);
