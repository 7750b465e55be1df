/** Emits a process warning of the type `CondorFuturesWarning`; see `process.on('warning')`. */
export function warn(message: string): void {
  process.emitWarning(message, 'CondorFuturesWarning');
}
