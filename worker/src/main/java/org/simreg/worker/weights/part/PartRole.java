package org.simreg.worker.weights.part;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** The role of a network in a training checkpoint. In order of preference, as the projects' own loaders choose. */
public enum PartRole {
    /** A moving average of the weights: EMA, SWA. */
    AVERAGE("a moving average of the trained one", "ema", "average", "averaged", "swa", "polyak", "shadow"),
    /** The online encoder of a contrastive method, beside its momentum copy. */
    BASE("an online encoder", "online"),
    /** The teacher of a distillation or self-distillation. */
    TEACHER("a teacher", "teacher"),
    /** The weights as they were trained; whatever has no other role. */
    RAW("the trained weights"),
    /** The student of a distillation or self-distillation. */
    STUDENT("a student", "student"),
    /** The momentum copy of an online encoder. */
    MOMENTUM("a momentum copy", "momentum", "target");

    private static final Set<String> AVERAGES = Set.of("avg_model", "model_avg", "shadow_params");
    private static final Set<String> BASES =
            Set.of("encoder_q", "base_encoder", "base_enc", "model_q", "backbone_q", "query_encoder", "encoder_query");
    private static final Set<String> TEACHERS = Set.of("encoder_t", "model_t");
    private static final Set<String> STUDENTS = Set.of("encoder_s", "model_s");
    private static final Set<String> MOMENTA =
            Set.of("encoder_k", "model_k", "backbone_k", "key_encoder", "encoder_key", "moco_encoder");

    /** Beside its average in the dict that ema-pytorch calls {@code ema}. */
    private static final String TRAINED = "online_model";

    private final String text;
    private final Set<String> words;

    PartRole(String text, String... words) {
        this.text = text;
        this.words = Set.of(words);
    }

    /** For people: "a moving average of the trained one". */
    public String text() {
        return text;
    }

    /** The word that options and job files have for it: {@code average}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether it is what training was for, neither an average nor a teacher nor a copy. */
    public boolean isTrained() {
        return this == BASE || this == RAW || this == STUDENT;
    }

    /** The role of an option's word; empty if it is none. */
    static Optional<PartRole> ofWord(String word) {
        return Arrays.stream(values())
                .filter(role -> role.word().equals(word.toLowerCase(Locale.ROOT)))
                .findFirst();
    }

    /** The role of what stands behind a prefix, {@code module.momentum_encoder.}. */
    public static PartRole of(String prefix) {
        List<String> parts = List.of(prefix.toLowerCase(Locale.ROOT).split("\\."));
        if (parts.contains(TRAINED)) {
            return BASE;
        }
        for (PartRole role : List.of(MOMENTUM, AVERAGE, TEACHER, BASE, STUDENT)) {
            if (parts.stream().anyMatch(role::isNamed)) {
                return role;
            }
        }
        return RAW;
    }

    /** The role beside being an average: that of {@code ema.teacher.} is a teacher's. */
    static PartRole within(String prefix) {
        List<String> parts = List.of(prefix.toLowerCase(Locale.ROOT).split("\\."));
        return List.of(MOMENTUM, TEACHER, BASE, STUDENT).stream()
                .filter(role -> parts.stream().anyMatch(role::isNamed))
                .findFirst()
                .orElse(RAW);
    }

    private boolean isNamed(String part) {
        return whole().contains(part) || Arrays.stream(part.split("_")).anyMatch(words::contains);
    }

    private Set<String> whole() {
        return switch (this) {
            case AVERAGE -> AVERAGES;
            case BASE -> BASES;
            case TEACHER -> TEACHERS;
            case STUDENT -> STUDENTS;
            case MOMENTUM -> MOMENTA;
            case RAW -> Set.of();
        };
    }
}
