export { openExecutor, type OpenExecutorOptions } from './open-executor.ts';
export { HTCondorExecutor, type HTCondorExecutorOptions } from './htcondor-executor.ts';
export { LocalExecutor, type LocalExecutorOptions } from './local-executor.ts';
export type { ClusterExecutor } from './cluster-executor.ts';
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
export { mapStatus, type MapStatus } from './map/map-status.ts';
export type { StatusCounts } from './map/count-statuses.ts';
export type { MapProgress, ProgressOption } from './map/progress.ts';
export { formatStatus, type StatusFormat } from './map/format-status.ts';
export type { CleanOptions, RemoveMapOptions } from './map/clean-maps.ts';
export type { SystemPlace } from './map/system-for.ts';
export { JobMap } from './map/job-map.ts';
export { MapBuilder } from './map/map-builder.ts';
export type { Axes } from './map/product.ts';
export type { WrappedFunction } from './map/wrap-function.ts';
export type { WrapOptions } from './map/wrap-options.ts';
export type { CreateMapOptions, CreationProgress } from './map/create-map.ts';
export type { MapSubmitOptions, PerComponent } from './map/component-options.ts';
export type { CompletedComponent, ComponentWaitOptions, MapWaitOptions } from './map/map-wait-options.ts';
export type { ComponentHold, ComponentStatus } from './map/component.ts';
export type { ComponentChoice } from './map/components.ts';
export type { ComponentUsage } from './map/component-usage.ts';
export type { Inputs } from './map/inputs.ts';
export type { RemoveOptions } from './map/remove-map.ts';
export * from './map/map-errors.ts';
export * from './map/reuse-errors.ts';
export type { AttachOptions } from './attach-options.ts';
export type { ClusterOptions, Filesystem } from './cluster-options.ts';
export type {
  CheckedDelivery,
  Deliver,
  Delivered,
  Delivery,
  DeliveryContext,
  DeliveryMethod,
} from './delivery/delivery.ts';
export { registerDelivery, unregisterDelivery } from './delivery/methods.ts';
export type { BundleDelivery } from './delivery/bundle/bundle-options.ts';
export type { ContainerDelivery } from './delivery/container.ts';
export type { PathDelivery } from './delivery/path.ts';
export type { WorkerOptions } from './workers/worker-options.ts';
export type { KeepFiles } from './cluster/job-files.ts';
export { Executor, type JobRequest, type ShutdownOptions } from './executor.ts';
export type {
  HoldAction,
  HoldActions,
  JobOptions,
  JobPolicies,
  MemoryGrowth,
  RetryPolicy,
} from './job-options.ts';
export type { ClassAd, JobAction, JobEdit, SubmitOptions } from './batch/batch-system.ts';
export type { ItemResult, MapOptions, MapResults } from './map-results.ts';
export { Future } from './future.ts';
export { FutureController } from './future-controller.ts';
export type { FutureSource, FutureState, JobControl, Usage } from './future-source.ts';
export { checkpoint, currentJob, outputFile, progress, type Checkpoint, type CurrentJob } from './job.ts';
export type { Progress } from './job-set/progress.ts';
export { asCompleted, type Completions } from './as-completed.ts';
export type { AsCompletedOptions } from './completed-entries.ts';
export { wait, type ReturnWhen, type WaitResult } from './wait.ts';
export type { WaitOptions } from './timeout.ts';
export {
  observe,
  type CommandMessage,
  type DiagnosticMessages,
  type DiagnosticName,
  type SettlementMessage,
  type StateMessage,
  type SubmissionMessage,
} from './diagnostics.ts';
export { moduleFunction, type ModuleFunction } from './payload/module-function.ts';
export { registerErrorClass } from './payload/thrown.ts';
export * from './delivery-errors.ts';
export { inputDirectory, inputFile } from './payload/input-file.ts';
export * from './errors.ts';
export * from './file-errors.ts';
export { listOutputFiles, type OutputFile, type OutputOwner } from './job-set/output-files.ts';
export * from './job-errors.ts';
export type { OrFuture, OrFutures } from './or-future.ts';
export { DependencyError } from './dependency-error.ts';
export * from './inside-errors.ts';
export * from './map/tag-errors.ts';
