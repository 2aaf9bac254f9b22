package org.simreg.worker.train.student;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.simreg.proto.UserError;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.engine.torchscript.StudentState;
import org.simreg.worker.network.Weight;
import org.simreg.worker.weights.checkpoint.RunWeights;
import org.simreg.worker.weights.checkpoint.WeightsFile;

/**
 * The state that a run restarts from, of another run's checkpoint. The new run takes weights and BatchNorm
 * statistics of student and heads, and the momentum teacher's average where there is one, but neither the optimizer's
 * state nor the student's average nor the step.
 */
public final class RestartState {
    private static final int SHOWN = 3;

    private RestartState() {}

    /**
     * The checkpoint that a path names: of a run folder, or of its folder of checkpoints, the
     * newest; a file is itself, and so is what isn't there.
     *
     * @throws UserError if the folder holds no checkpoint
     */
    public static Path file(Path path) {
        if (!Files.isDirectory(path)) {
            return path;
        }
        return Stream.of(path.resolve("checkpoints"), path)
                .flatMap(folder -> RunCheckpoint.newest(folder).stream())
                .findFirst()
                .orElseThrow(() -> new UserError("Can't restart from the folder "
                        + path
                        + ": it holds no checkpoint; give a run folder or a file of its checkpoints"));
    }

    /**
     * @throws UserError if the file is no checkpoint of a run, or of another student or other
     *     heads, or damaged
     */
    static StudentState state(Path path, StudentNetwork trained) {
        refuseOthers(path, trained);
        return RunCheckpoint.read(file(path), trained).state();
    }

    /**
     * Reads the names only.
     *
     * @throws UserError if the file is no checkpoint of a run, or of another student or other heads
     */
    static void refuseOthers(Path path, StudentNetwork trained) {
        Path file = file(path);
        Map<String, String> metadata = RunWeights.notes(file);
        if (!metadata.keySet().containsAll(List.of("step", "job", "sha256"))) {
            throw new UserError(
                    "Can't restart from "
                            + file
                            + ": it is no checkpoint of a run; give one of a run folder's checkpoints, or start from weights alone with --init");
        }
        Set<String> wanted = Stream.of(trained.parameters(), trained.statistics())
                .flatMap(layout -> layout.weights().stream())
                .map(Weight::name)
                .collect(Collectors.toSet());
        Set<String> held = WeightsFile.read(file).names().stream()
                .filter(name -> !RunWeights.isState(name))
                .collect(Collectors.toCollection(HashSet::new));
        Set<String> missing = new TreeSet<>(wanted);
        missing.removeAll(held);
        held.removeAll(wanted);
        if (!missing.isEmpty() || !held.isEmpty()) {
            throw new UserError(
                    "Can't restart from %s: its student or heads are others than this job's (%s); give the settings of its run, or start from the backbone alone with --init"
                            .formatted(file, difference(missing, new TreeSet<>(held))));
        }
    }

    private static String difference(Set<String> missing, Set<String> more) {
        return Stream.of(shown("without ", missing), shown("with ", more))
                .filter(text -> !text.isEmpty())
                .collect(Collectors.joining(", "));
    }

    private static String shown(String how, Set<String> names) {
        return names.isEmpty()
                ? ""
                : how
                        + names.stream().limit(SHOWN).collect(Collectors.joining(", "))
                        + (names.size() > SHOWN ? ", ..." : "");
    }
}
