package org.simreg.bench.scale;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.simreg.proto.UserError;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * What a job, its workers and their network cost, as a YAML file says: numbers and lists of numbers by name. Seconds are
 * of one worker, for one micro-batch.
 */
public final class CostModel {
    private static final Set<String> NUMBERS = Set.of(
            "student_seconds",
            "teacher_seconds",
            "decode_images_per_second",
            "update_seconds",
            "step_overhead_seconds",
            "rows",
            "vector_floats",
            "state_vectors",
            "chunk_bytes",
            "frame_microseconds",
            "sum_bytes_per_second",
            "latency_microseconds",
            "cores_per_worker",
            "cores",
            "hours_between_failures",
            "replaced_after_seconds",
            "load_seconds",
            "loss_seen_seconds",
            "halt_seconds",
            "begin_seconds",
            "images",
            "epochs",
            "hours",
            "seed");

    private static final Set<String> LISTS = Set.of("micro_batches", "workers", "gigabits");

    private final Map<String, Object> values;

    private CostModel(Map<String, Object> values) {
        this.values = values;
    }

    /**
     * Reads a model.
     *
     * @throws UserError if the file can't be read, or a name or a value in it is wrong or missing
     */
    public static CostModel read(Path file) {
        Object root;
        try {
            root = new Yaml(new SafeConstructor(new LoaderOptions())).load(Files.readString(file));
        } catch (IOException | RuntimeException e) {
            throw new UserError("%s can't be read: %s".formatted(file, e.getMessage()), e);
        }
        if (!(root instanceof Map<?, ?> named)) {
            throw new UserError(file + " is no list of names and values");
        }
        Map<String, Object> values = new LinkedHashMap<>();
        named.forEach((name, value) -> values.put(String.valueOf(name), value));
        Set<String> known = new TreeSet<>(NUMBERS);
        known.addAll(LISTS);
        for (String name : values.keySet()) {
            if (!known.contains(name)) {
                throw new UserError("%s: there is no %s; known are %s".formatted(file, name, String.join(", ", known)));
            }
        }
        CostModel model = new CostModel(values);
        try {
            NUMBERS.forEach(model::number);
            LISTS.forEach(model::list);
        } catch (UserError e) {
            throw new UserError(file + ": " + e.getMessage(), e);
        }
        return model;
    }

    /** The same with another number. */
    public CostModel with(String name, double value) {
        Map<String, Object> next = new LinkedHashMap<>(values);
        next.put(name, value);
        return new CostModel(next);
    }

    /** A number, zero or more. */
    public double number(String name) {
        if (values.get(name) instanceof Number number && number.doubleValue() >= 0) {
            return number.doubleValue();
        }
        throw new UserError("%s is %s; give a number, zero or more".formatted(name, values.get(name)));
    }

    /** A list of positive numbers. */
    public List<Double> list(String name) {
        if (values.get(name) instanceof List<?> list
                && !list.isEmpty()
                && list.stream().allMatch(one -> one instanceof Number number && number.doubleValue() > 0)) {
            return list.stream().map(one -> ((Number) one).doubleValue()).toList();
        }
        throw new UserError("%s is %s; give a list of positive numbers".formatted(name, values.get(name)));
    }
}
