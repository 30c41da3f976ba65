/** Which of Kafka's APIs have codecs here: what our own client needs, and what the dev broker serves or may serve. */
export const selectedApiKeys: readonly number[] = [
  0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 28, 29, 30, 31, 32, 33, 35, 36, 37, 42, 43, 44, 45,
  46, 47, 48, 49, 50, 51, 55, 57, 60, 61, 65, 66, 68, 69, 71, 72, 74, 75,
]

/** Messages that travel inside others. */
export const selectedDataMessages: readonly string[] = ['ConsumerProtocolSubscription', 'ConsumerProtocolAssignment']
