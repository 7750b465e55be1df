export { openExecutor, type OpenExecutorOptions } from './executors/open-executor.ts';
export { HTCondorExecutor, type HTCondorExecutorOptions } from './executors/htcondor-executor.ts';
export { LocalExecutor, type LocalExecutorOptions } from './executors/local-executor.ts';
export type { ClusterExecutor } from './cluster/cluster-executor.ts';
export type { MappingExecutor } from './map/mapping-executor.ts';
export {
  clean,
  loadMap,
  loadMaps,
  removeMap,
  tags,
  type LoadMapOptions,
  type TagsOptions,
} from './map/manage-maps.ts';
export { mapStatus, type MapStatus } from './map/report/map-status.ts';
export type { StatusCounts } from './map/read/component.ts';
export type { MapProgress, ProgressOption } from './map/report/progress.ts';
export { formatStatus, type StatusFormat } from './map/report/format-status.ts';
export type { CleanOptions, RemoveMapOptions } from './map/act/clean.ts';
export type { SystemPlace } from './map/manage-maps.ts';
export { JobMap } from './map/job-map.ts';
export { MapBuilder } from './map/create/map-builder.ts';
export type { Axes } from './map/create/inputs.ts';
export type { WrappedFunction } from './map/create/wrap-function.ts';
export type { WrapOptions } from './map/create/wrap-function.ts';
export type { CreateMapOptions, CreationProgress } from './map/create/create-map.ts';
export type { MapSubmitOptions, PerComponent } from './map/create/component-options.ts';
export type { CompletedComponent, ComponentWaitOptions, MapWaitOptions } from './map/job-map.ts';
export type { ComponentChoice, ComponentHold } from './map/read/component.ts';
export type { ComponentUsage } from './map/report/map-status.ts';
export type { Inputs } from './map/create/inputs.ts';
export type { RemoveOptions } from './map/act/remove-map.ts';
export * from './base/map-errors.ts';
export type { AttachOptions, ClusterOptions, Filesystem } from './cluster/cluster-options.ts';
export type {
  CheckedDelivery,
  Deliver,
  Delivered,
  DeliveryContext,
  DeliveryMethod,
} from './delivery/delivery.ts';
export type { BundleDelivery } from './delivery/bundle/make-bundle.ts';
export {
  registerDelivery,
  unregisterDelivery,
  type ContainerDelivery,
  type Delivery,
  type PathDelivery,
} from './delivery/methods.ts';
export type { WorkerOptions } from './workers/worker-options.ts';
export type { KeepFiles } from './cluster/job-files.ts';
export {
  Executor,
  type JobRequest,
  type OrFuture,
  type OrFutures,
  type ShutdownOptions,
} from './futures/executor.ts';
export type {
  HoldAction,
  HoldActions,
  JobOptions,
  JobPolicies,
  MemoryGrowth,
  RetryPolicy,
} from './futures/job-options.ts';
export type { ClassAd } from './base/class-ad.ts';
export type { JobAction, JobEdit } from './batch/batch-system.ts';
export type { SubmitOptions } from './batch/submit-options.ts';
export type { ItemResult, MapOptions, MapResults } from './futures/map-results.ts';
export { Future, FutureController } from './futures/future.ts';
export type { FutureSource, JobControl, Usage } from './futures/future-source.ts';
export { checkpoint, currentJob, outputFile, progress, type Checkpoint, type CurrentJob } from './job.ts';
export type { Progress } from './job-set/call-outputs.ts';
export { asCompleted, type AsCompletedOptions, type Completions } from './futures/as-completed.ts';
export { wait, type ReturnWhen, type WaitResult } from './futures/wait.ts';
export type { WaitOptions } from './base/timers.ts';
export {
  observe,
  type CommandMessage,
  type DiagnosticMessages,
  type DiagnosticName,
  type FutureState,
  type SettlementMessage,
  type StateMessage,
  type SubmissionMessage,
} from './base/diagnostics.ts';
export { moduleFunction, type ModuleFunction } from './payload/module-function.ts';
export { registerErrorClass } from './payload/thrown-values.ts';
export * from './base/errors.ts';
export { inputDirectory, inputFile } from './payload/given-files.ts';
export { listOutputFiles, type OutputFile, type OutputOwner } from './job-set/call-outputs.ts';
export * from './base/job-errors.ts';
