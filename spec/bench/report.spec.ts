import { describe, expect, test } from '@jest/globals';
import { chart, show, table, type Measured } from './report.ts';
import { median, summarize } from './row.ts';

const measured: Measured = {
  row: {
    name: 'calls',
    title: 'calls & <results>',
    unit: 's',
    goal: '≤ 1.15 × bare jobs',
    reached: ({ beside }) => (beside['bare jobs']?.ratio ?? Infinity) <= 1.15,
  },
  summary: {
    ours: 2.2,
    beside: { 'bare jobs': { median: 2, ratio: 1.1 }, others: { median: 8.8, ratio: 0.25 } },
  },
  notes: [],
};

describe('a summary', () => {
  test('has the median of ours and of theirs, and the median of the ratios of each round', () => {
    const rounds = [
      { ours: 1, beside: { bare: 1 } },
      { ours: 8, beside: { bare: 4 } },
      { ours: 9, beside: { bare: 3 } },
    ];
    expect(summarize(rounds)).toEqual({ ours: 8, beside: { bare: { median: 3, ratio: 2 } } });
  });

  test('takes a figure that is missing in some rounds from the others', () => {
    const rounds = [
      { ours: 1, beside: {} },
      { ours: 6, beside: { bare: 3 } },
    ];
    expect(summarize(rounds).beside['bare']).toEqual({ median: 3, ratio: 2 });
  });

  test.each([
    [[3, 1, 2], 2],
    [[4, 1, 2, 3], 2.5],
    [[7], 7],
  ])('has of %j the median %d', (numbers, expected) => expect(median(numbers)).toBe(expected));
});

describe('the table', () => {
  test('has a line for each row, with what is beside it, and whether the goal is reached', () => {
    expect(table([measured]).split('\n')).toEqual([
      '| what              | condor-futures | beside it (ratio)                         | goal               | reached |',
      '| ----------------- | -------------- | ----------------------------------------- | ------------------ | ------- |',
      '| calls & <results> | 2.2 s          | bare jobs 2 s (1.10), others 8.8 s (0.25) | ≤ 1.15 × bare jobs | yes     |',
    ]);
  });

  test('says so where a goal is not reached', () => {
    const summary = { ours: 4, beside: { 'bare jobs': { median: 2, ratio: 2 } } };
    expect(table([{ ...measured, summary }])).toMatch(/NO {6}\|$/);
  });

  test.each([
    [1234567, 'bytes', '1,234,567 bytes'],
    [0.123456, 'ms', '0.123 ms'],
    [12.345, 's', '12.3 s'],
  ] as const)('shows %d as three digits are worth', (value, unit, text) =>
    expect(show(value, unit)).toBe(text),
  );
});

describe('the chart', () => {
  test('has a bar for each figure, the longest for the largest', () => {
    const widths = [...chart([measured]).matchAll(/<rect x="\d+" y="\d+" width="(\d+)"/g)].map(([, width]) =>
      Number(width),
    );
    expect(widths).toEqual([130, 118, 520]);
  });

  test('takes titles for text, whatever is in them', () => {
    expect(chart([measured])).toContain('calls &amp; &lt;results>');
  });
});
