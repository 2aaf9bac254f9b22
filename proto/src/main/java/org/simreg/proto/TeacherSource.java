package org.simreg.proto;

/** The source of a teacher, as the text of {@code Teacher.source} names it. */
public sealed interface TeacherSource {
    /** The text that asks for a momentum teacher. */
    String SELF = "self";

    /** The prefix of the file of a TorchScript teacher. */
    String TORCHSCRIPT_PREFIX = "torchscript:";

    /** The momentum teacher: an exponential average of the student, which needs no weights. */
    record Self() implements TeacherSource {}

    /**
     * A TorchScript module that maps images to features.
     *
     * @param file path of the archive
     */
    record TorchScript(String file) implements TeacherSource {}

    /**
     * The weights of one of the known networks.
     *
     * @param file path of a checkpoint in any container that can be read
     */
    record Weights(String file) implements TeacherSource {}

    /**
     * Whether a setting of a teacher means something for one of this source: only weights need to
     * be told their network and feature, and the momentum teacher is the student in all else.
     *
     * @param setting of a teacher
     */
    default boolean takes(JobField setting) {
        return switch (setting.field().getNumber()) {
            case Teacher.SOURCE_FIELD_NUMBER -> true;
            case Teacher.NETWORK_FIELD_NUMBER, Teacher.FEATURE_FIELD_NUMBER, Teacher.PART_FIELD_NUMBER ->
                this instanceof Weights;
            default -> !(this instanceof Self);
        };
    }

    /**
     * Reads a source.
     *
     * @param text {@code self}, {@code torchscript:FILE} or a checkpoint's path
     */
    static TeacherSource of(String text) {
        if (text.equals(SELF)) {
            return new Self();
        }
        return text.startsWith(TORCHSCRIPT_PREFIX)
                ? new TorchScript(text.substring(TORCHSCRIPT_PREFIX.length()))
                : new Weights(text);
    }
}
