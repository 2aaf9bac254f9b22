package org.simreg.coordinator.cli.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.coordinator.cli.Terminal;
import org.simreg.coordinator.job.file.JobFile;
import org.simreg.coordinator.node.SmallJob;
import org.simreg.coordinator.node.VertxInstances;
import org.simreg.proto.Head;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Network;
import org.simreg.proto.Pixels;
import org.simreg.proto.Precision;
import org.simreg.proto.Teacher;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;

class DistillCommandTest {
    @TempDir
    Path folder;

    private static final String SAMPLE = Path.of("..", "scripts", "sample").toString();

    private final Terminal terminal = new Terminal();

    private String[] distill(String... more) {
        Stream<String> base = Stream.of(
                "distill", "--data", "photos", "--out", folder.resolve("run").toString());
        return Stream.concat(base, Stream.of(more)).toArray(String[]::new);
    }

    private EmbeddedRun.Settings accepted(String... more) {
        assertEquals(0, terminal.run(distill(more)), terminal.err);
        return terminal.distilled.get(terminal.distilled.size() - 1);
    }

    private String refused(String... more) {
        assertEquals(2, terminal.run(distill(more)));
        assertTrue(terminal.distilled.isEmpty(), "a refused job must not run");
        return terminal.err.strip();
    }

    @Test
    void dataAndTeacherAreEnough() {
        EmbeddedRun.Settings request = accepted("--teacher", "moco.pth.tar");
        Job asked = JobFile.parse("job.yaml", "{dataset: {path: photos}, teachers: [{source: moco.pth.tar}]}");
        Job.Builder completed = JobSettings.complete(asked).toBuilder();
        completed.getCheckpointsBuilder().setOutput(folder.resolve("run").toString());
        assertEquals(completed.build(), request.job());
        int cores = Runtime.getRuntime().availableProcessors();
        assertEquals("auto", request.machine().device());
        assertEquals(
                List.of(cores, cores),
                List.of(request.machine().threads(), request.machine().decodeThreads()));
        assertEquals(VertxInstances.cache(), request.machine().cache());
        assertFalse(request.resume() || request.overwrite() || request.quiet());
    }

    @Test
    void optionsBecomeTheFieldsTheyAreDeclaredFor() {
        Job job = accepted(
                        "--teacher=t.pt",
                        "--student=mobilenet-v2",
                        "--head=linear",
                        "--lr=1e-2",
                        "--seed=18446744073709551615",
                        "--precision",
                        "bfloat16",
                        "--knn=1,5",
                        "--no-exact")
                .job();
        assertEquals(Network.MOBILENET_V2, job.getStudent().getNetwork());
        assertEquals(Head.Form.LINEAR, job.getHead().getForm());
        assertEquals(0.01, job.getOptimization().getLr());
        assertEquals(-1, job.getSeed());
        assertEquals(Precision.BFLOAT16, job.getPrecision());
        assertEquals(List.of(1, 5), job.getEvaluation().getKList());
        assertFalse(job.getExact());
        assertTrue(accepted("--teacher=t.pt", "--exact").job().getExact());
    }

    @Test
    void whereItRunsIsNotPartOfTheJob() {
        EmbeddedRun.Settings request = accepted(
                "--teacher=t.pt", "--device=cuda:1", "--threads=3", "--decode-threads=5", "--overwrite", "--quiet");
        assertEquals("cuda:1", request.machine().device());
        assertEquals(
                "cuda:0", accepted("--teacher=t.pt", "--device=cuda").machine().device());
        assertEquals(3, request.machine().threads());
        assertEquals(5, request.machine().decodeThreads());
        assertTrue(request.overwrite() && request.quiet() && !request.resume());
    }

    @Test
    void optionsOverrideTheJobFile() throws IOException {
        Path file = folder.resolve("job.yaml");
        Files.writeString(file, """
                dataset: {path: elsewhere}
                teachers: [{source: a.pt, network: resnet101}, {source: b.pt}]
                optimization: {epochs: 5, batch: 128}
                """);
        Job job = accepted("--job", file.toString(), "--epochs", "7").job();
        assertEquals("photos", job.getDataset().getPath(0));
        assertEquals(7, job.getOptimization().getEpochs());
        assertEquals(128, job.getOptimization().getBatch());
        assertEquals(2, job.getTeachersCount());
        assertEquals(Network.RESNET101, job.getTeachers(0).getNetwork());
        Job other = accepted("--job", file.toString(), "--teacher", "c.pt").job();
        assertEquals(1, other.getTeachersCount());
        assertEquals("c.pt", other.getTeachers(0).getSource());
        assertEquals(Network.AUTO, other.getTeachers(0).getNetwork());
    }

    @Test
    void severalTeachersTakeTheirOptionsOnceOrInOrder() {
        List<Teacher> each = accepted(
                        "--teacher=a.pt",
                        "--teacher-network=resnet101",
                        "--teacher=torchscript:t.pt",
                        "--teacher=b.pt",
                        "--teacher-network=resnet50-byol")
                .job()
                .getTeachersList();
        assertEquals(Network.RESNET101, each.get(0).getNetwork());
        assertFalse(each.get(1).hasNetwork());
        assertEquals(Network.RESNET50_BYOL, each.get(2).getNetwork());
        List<Teacher> all = accepted("--teacher=a.pt", "--teacher=b.pt", "--teacher-feature=fc")
                .job()
                .getTeachersList();
        assertTrue(all.stream().allMatch(t -> t.getFeature() == Teacher.Feature.FC));
    }

    @Test
    void aTorchScriptTeacherTakesSizePixelsAndWeightToo() {
        List<Teacher> each = accepted(
                        "--size=64",
                        "--teacher=a.pt",
                        "--teacher=torchscript:t.pt",
                        "--teacher-size=64",
                        "--teacher-size=32",
                        "--teacher-weight=1",
                        "--teacher-weight=0.5",
                        "--teacher-pixels=imagenet",
                        "--teacher-pixels=clip")
                .job()
                .getTeachersList();
        assertEquals(List.of(64, 32), each.stream().map(Teacher::getSize).toList());
        assertEquals(List.of(1.0, 0.5), each.stream().map(Teacher::getWeight).toList());
        assertEquals(
                List.of(Pixels.IMAGENET, Pixels.CLIP),
                each.stream().map(Teacher::getPixels).toList());
    }

    @Test
    void aNumberOfOptionsThatFitsNoTeachersIsRefused() {
        String fc = "--teacher-feature=fc";
        assertEquals(
                "simreg: The options are refused: --teacher-feature: given 2 times for 3 teachers;"
                        + " give it once, or once for each",
                refused("--teacher=a", "--teacher=b", "--teacher=c", fc, fc));
    }

    @Test
    void aJobIsPrintedInsteadOfRun() {
        assertEquals(0, terminal.run(distill("--teacher=self", "--print-job")));
        Job job = JobFile.parse("printed", terminal.out);
        assertEquals("self", job.getTeachers(0).getSource());
        assertEquals(job, JobSettings.complete(job));
        assertTrue(terminal.distilled.isEmpty());
    }

    @Test
    void aFullRunFolderIsRefusedWithTheWaysOut() throws IOException {
        Path run = Files.createDirectory(folder.resolve("run"));
        accepted("--teacher=self");
        terminal.distilled.clear();
        Files.writeString(run.resolve("metrics.jsonl"), "");
        assertEquals(
                "simreg: The run folder "
                        + run
                        + " is not empty: continue it with --resume, replace it with --overwrite, or"
                        + " choose another with --out",
                refused("--teacher=self"));
        accepted("--teacher=self", "--resume");
        accepted("--teacher=self", "--overwrite");
    }

    @Test
    void aRunFolderThatCanBeNoneIsRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("run"), "mine");
        String refusal = "simreg: The folder %s can't be made: %s is no folder; choose another";
        assertEquals(refusal.formatted(file, file), refused("--teacher=self"));
        Path below = file.resolve("a").resolve("b");
        UserError deeper = assertThrows(UserError.class, () -> Disk.refuseFile(below));
        assertEquals(refusal.formatted(below, file), "simreg: " + deeper.getMessage());
    }

    @Test
    void aRunThatIsNotThereIsNotContinued() {
        Path run = folder.resolve("run");
        assertEquals(2, terminal.run("distill", "--resume", "--out", run.toString()));
        assertTrue(terminal.err.startsWith("simreg: There is no run to continue in " + run), terminal.err);
        Terminal other = new Terminal();
        assertEquals(2, other.run("distill", "--resume"));
        assertEquals("simreg: --resume: name the folder of the run to continue by --out", other.err.strip());
    }

    @Test
    void aResumedRunKnowsItsJob() throws IOException {
        Path run = Files.createDirectory(folder.resolve("run"));
        Job first = accepted("--teacher=self", "--epochs=9").job();
        Files.writeString(run.resolve("job.yaml"), JobFile.yaml(first));
        assertEquals(0, terminal.run("distill", "--resume", "--out", run.toString()));
        assertEquals(first, terminal.distilled.get(1).job());
        assertTrue(terminal.distilled.get(1).resume());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--epoch=3 | Unknown option --epoch; did you mean --epochs? (see: simreg help distill)",
                "--no-exakt | Unknown option --no-exakt; did you mean --no-exact? (see: simreg help distill)",
                "--xyzzy | Unknown option --xyzzy (see: simreg help distill)",
                "more | Unknown argument 'more' (see: simreg help distill)",
                "--epochs=ten | The options are refused: --epochs: 'ten' is not a whole number",
                "--precision=float33 | The options are refused: --precision: 'float33' is not one of float32,"
                        + " bfloat16; did you mean float32?",
                "--device=gpu | --device: 'gpu' is no device; choose auto, cpu, cuda or cuda:N",
                "--threads=0 | --threads: 0 is out of bounds; choose 1 to 1024",
                "--threads=x | Invalid value for option '--threads': 'x' is not an int (see: simreg help distill)",
                "--job=absent.yaml | The job file absent.yaml does not exist",
            })
    void wrongUsageIsOneSentenceAndExitCodeTwo(String option, String sentence) {
        assertEquals("simreg: " + sentence, refused("--teacher=self", option));
    }

    @Test
    void allBadValuesComeInOneMessage() {
        assertEquals("""
                simreg: The options are refused for 2 reasons:
                  --epochs: 'ten' is not a whole number
                  --knn: 'a' is not a whole number""", refused("--teacher=self", "--epochs=ten", "--knn=1,a"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--epochs=0 | optimization.epochs (--epochs): 0 is out of bounds; choose 1 to 100000 epochs",
                "--lr=-1 | optimization.lr (--lr): -1 is out of bounds; choose 0 to 1000",
                "--warmup-epochs=130 | optimization.warmup_epochs (--warmup-epochs): 130 takes all 130 epochs; choose less than"
                        + " 130",
            })
    void aWrongSettingIsOneSentence(String option, String sentence) {
        assertEquals(2, terminal.run("distill", "--data", SAMPLE, "--teacher=self", option));
        assertEquals("simreg: The job is refused: " + sentence, terminal.err.strip());
    }

    @Test
    void whatIsWrongWithFilesIsToldWithWhatIsWrongWithSettings() throws IOException {
        Path classes = Files.writeString(folder.resolve("classes"), "symbols--arrow\nunknown\n");
        Path teacher = SmallJob.teacher(folder.resolve("teacher.safetensors"));
        assertEquals(
                2,
                terminal.run(
                        "distill",
                        "--data=" + SAMPLE,
                        "--classes-file=" + classes,
                        "--teacher=" + teacher,
                        "--teacher-network=mobilenet-v2",
                        "--teacher-feature=fc",
                        "--cache-fixed",
                        "--views=same-weak"));
        String[] lines = terminal.err.strip().split("\n  ");
        assertEquals(4, lines.length, terminal.err);
        assertEquals("simreg: The job is refused for 3 reasons:", lines[0]);
        assertTrue(lines[1].startsWith("cache.fixed (--cache-fixed): true does not go"), lines[1]);
        assertTrue(lines[2].endsWith("train doesn't have: unknown"), lines[2]);
        assertTrue(lines[3].startsWith("teachers[0].source (--teacher): Can't take"), lines[3]);
    }

    @Test
    void resumeAndOverwriteExcludeEachOther() {
        assertTrue(refused("--teacher=self", "--resume", "--overwrite").contains("exclude each"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"--epochs", "--data"})
    void anOptionWithoutItsValueIsNamed(String option) {
        assertTrue(refused("--teacher=self", option).contains("'" + option + "'"), terminal.err);
    }

    @Test
    void anOptionGivenTwiceIsNotSilentlyTheLast() {
        assertEquals(
                "simreg: The options are refused: --lr: given more than once; give it once",
                refused("--teacher=self", "--lr=1", "--lr=2"));
        assertTrue(refused("--teacher=self", "--exact", "--no-exact").contains("--exact: given"));
        assertTrue(refused("--teacher=self", "--device=cpu", "--device=auto").contains("--device"));
    }
}
