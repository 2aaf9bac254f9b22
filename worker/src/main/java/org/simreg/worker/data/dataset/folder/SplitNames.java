package org.simreg.worker.data.dataset.folder;

import java.util.List;
import java.util.stream.Stream;

/** The names that people give to the parts of a data set, in lower case, the likeliest first. */
public final class SplitNames {
    /** Of what is trained on. */
    public static final List<String> TRAIN = List.of("train", "training");

    /** Of what is evaluated on. */
    public static final List<String> VAL = List.of("val", "valid", "validation", "dev");

    /** Of a second set to evaluate on, which is val where nothing else is. */
    public static final List<String> TEST = List.of("test", "testing", "eval", "evaluation");

    private SplitNames() {}

    /** Names of val and, behind them, of a second set. */
    public static List<String> evaluated() {
        return Stream.concat(VAL.stream(), TEST.stream()).toList();
    }

    /** Whether a name is one of a part. */
    public static boolean has(String name) {
        return TRAIN.contains(name) || VAL.contains(name) || TEST.contains(name);
    }
}
