from bench.door.checked import Checked as Checked
from bench.door.hands import HandRig as HandRig
from bench.door.progress import Noted as Noted
from bench.door.progress import Planned as Planned
from bench.door.progress import ShotDone as ShotDone
from bench.door.progress import ShotsEnded as ShotsEnded
from bench.door.put import Put as Put
from bench.door.run import Run as Run
from bench.door.run import Stopped as Stopped
from bench.door.session import Bench as Bench
from bench.door.stored import Results as Results
from bench.door.stored import SecondJudgement as SecondJudgement
from bench.errors import BenchError as BenchError
from bench.errors import CalledWrongly as CalledWrongly
from bench.errors import ConfigError as ConfigError
from bench.errors import ScenarioError as ScenarioError
from bench.measure.interval import Latency as Latency
from bench.measure.interval import Measurement as Measurement
from bench.verdict.compare import Comparison as Comparison
from bench.verdict.result import Judgement as Judgement
from bench.verdict.result import RunResult as RunResult
from bench.verdict.result import ScenarioResult as ScenarioResult
from bench.verdict.result import ShotResult as ShotResult
from bench.verdict.result import Verdict as Verdict

__version__: str
__all__: list[str]
