"""All documents by name, for `hil schema`."""

from bench.report.told import bench, builds, chemistries, kinds, physics, pool, runs, stored, trouble
from bench.report.told.document import Document

DOCUMENTS: dict[str, type[Document]] = {
    one.schema_name: one
    for one in (
        stored.RunTold,
        stored.ReportTold,
        stored.StatusTold,
        stored.VerifyTold,
        stored.RejudgeTold,
        stored.ExportTold,
        runs.RunsTold,
        pool.PoolTold,
        builds.CompareTold,
        builds.BisectTold,
        builds.HuntTold,
        builds.TrendTold,
        builds.MutantsTold,
        builds.MachineMutantsTold,
        bench.CheckTold,
        bench.ListTold,
        bench.FaultsTold,
        kinds.KindsTold,
        chemistries.ChemistriesTold,
        bench.DoctorTold,
        bench.ExplainTold,
        bench.QualifyTold,
        bench.TraceTold,
        physics.HazardTold,
        physics.SafetyTold,
        trouble.ErrorTold,
    )
}
