package org.simreg.proto;

import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * A source of samples, as one text of {@code Dataset.path} names it: {@code tar:}, {@code parquet:}, {@code list:} or
 * nothing, and then where it lies, which is a path or {@code s3://bucket/key}.
 */
public sealed interface DataSource {
    /** Where it lies: a path, or a pattern of paths. */
    String at();

    /**
     * A folder tree: train/CLASS/* and val/CLASS/*, CLASS/*, or pictures.
     *
     * @param at path of the folder, or {@code s3://bucket/prefix} of the objects
     */
    record Folder(String at) implements DataSource {
        @Override
        public DataSource with(String other) {
            return new Folder(other);
        }

        @Override
        public String text() {
            return at;
        }
    }

    /**
     * A list of files: a path and perhaps a class a line.
     *
     * @param at path of the list
     */
    record Listed(String at) implements DataSource {
        static final String PREFIX = "list:";

        @Override
        public DataSource with(String other) {
            return new Listed(other);
        }

        @Override
        public String text() {
            return PREFIX + at;
        }
    }

    /**
     * Tar files with pictures, or with tar files of pictures, one a class.
     *
     * @param at path with {@code *}, {@code ?} and <code>{000..146}</code>
     */
    record Tars(String at) implements DataSource {
        static final String PREFIX = "tar:";

        @Override
        public DataSource with(String other) {
            return new Tars(other);
        }

        @Override
        public String text() {
            return PREFIX + at;
        }
    }

    /**
     * Parquet files with a column of images, as Hugging Face's.
     *
     * @param at path with {@code *}, {@code ?} and <code>{000..146}</code>
     */
    record Parquet(String at) implements DataSource {
        static final String PREFIX = "parquet:";

        @Override
        public DataSource with(String other) {
            return new Parquet(other);
        }

        @Override
        public String text() {
            return PREFIX + at;
        }
    }

    /** The same source at another place. */
    DataSource with(String other);

    /** The text that {@link #of} reads. */
    String text();

    /** How the place of objects in a bucket begins, behind which {@code bucket/key} follows. */
    String OBJECTS = "s3://";

    /** Whether a place is in a bucket of an object store and not in a file system. */
    static boolean isObjects(String at) {
        return at.startsWith(OBJECTS);
    }

    /** Whether the samples are objects in a bucket, or stretches of some. */
    default boolean isObjects() {
        return isObjects(at());
    }

    /**
     * The part of {@link #at} before the folder or file name that has the first wildcard: what must be there. A path, or
     * {@code s3://bucket/prefix}.
     */
    default String base() {
        int wild = first(at());
        if (wild < 0) {
            return at();
        }
        int slash = at().lastIndexOf('/', wild);
        return slash < 0 ? "." : slash == 0 ? "/" : at().substring(0, slash);
    }

    private static int first(String pattern) {
        for (int i = 0; i < pattern.length(); i++) {
            if ("*?{[".indexOf(pattern.charAt(i)) >= 0) {
                return i;
            }
        }
        return -1;
    }

    /** Reads a source; what has no prefix is a folder. */
    static DataSource of(String text) {
        if (text.startsWith(Listed.PREFIX)) {
            return new Listed(text.substring(Listed.PREFIX.length()));
        }
        if (text.startsWith(Parquet.PREFIX)) {
            return new Parquet(text.substring(Parquet.PREFIX.length()));
        }
        return text.startsWith(Tars.PREFIX) ? new Tars(text.substring(Tars.PREFIX.length())) : new Folder(text);
    }

    /**
     * The source that reads files of many samples, by the ending of a path or pattern: {@code .tar} or {@code .parquet};
     * none of any other.
     */
    static Optional<DataSource> ofShards(String at) {
        if (at.endsWith(".tar")) {
            return Optional.of(new Tars(at));
        }
        return at.endsWith(".parquet") ? Optional.of(new Parquet(at)) : Optional.empty();
    }

    /** The sources of a data set. */
    static List<DataSource> of(Dataset dataset) {
        return dataset.getPathList().stream().map(DataSource::of).toList();
    }

    /** What a job's accuracy is measured with; none: the data set itself. */
    static Optional<Dataset> evaluation(Job job) {
        Dataset.Builder data =
                Dataset.newBuilder().addAllPath(job.getEvaluation().getDataList());
        if (job.getDataset().hasLabelField() && of(data.build()).stream().noneMatch(Folder.class::isInstance)) {
            data.setLabelField(job.getDataset().getLabelField());
        }
        return job.getEvaluation().getDataCount() == 0 ? Optional.empty() : Optional.of(data.build());
    }

    /** The sources of a data set for people. */
    static String shown(Dataset dataset) {
        return String.join(", ", dataset.getPathList());
    }

    /** A data set whose sources lie elsewhere in the file system; what is in a bucket stays there. */
    static Dataset moved(Dataset dataset, UnaryOperator<String> place) {
        Dataset.Builder moved = dataset.toBuilder().clearPath();
        of(dataset)
                .forEach(source -> moved.addPath(
                        source.isObjects()
                                ? source.text()
                                : source.with(place.apply(source.at())).text()));
        return moved.build();
    }
}
