export const KAFKA_TRANSFORMS = 'org.apache.kafka.connect.transforms';
export const KAFKA_PREDICATES = 'org.apache.kafka.connect.transforms.predicates';
export const DEBEZIUM_TRANSFORMS = 'io.debezium.transforms';
export const MILLRACE_TRANSFORMS = 'io.millrace.transforms';
export const MILLRACE_PREDICATES = 'io.millrace.transforms.predicates';
