package org.simreg.worker.data.dataset.parquet;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.parquet.format.FieldRepetitionType;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.KeyValue;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.format.Type;
import org.simreg.proto.UserError;

/**
 * Which columns of a Parquet file hold images, their names and their classes, by Hugging Face's layout: a struct of
 * {@code bytes} and {@code path}, or bytes; a label beside it, whose names stand in the schema's metadata.
 *
 * @param bytes of the images
 * @param path of the images' names, if there is one
 * @param label of the images' classes, if there is one
 * @param classes names by label; none: a label is its own name
 */
record ParquetSchema(Column bytes, Optional<Column> path, Optional<Column> label, List<String> classes) {
    private static final List<String> LABELS = List.of("label", "labels", "fine_label", "class", "category", "target");

    /**
     * A column without lists.
     *
     * @param path names from the root, with dots
     * @param index among the leaves
     * @param levels highest definition level
     * @param text whether its bytes are a text
     */
    record Column(String path, int index, Type type, int levels, boolean text, boolean list) {
        String top() {
            int dot = path.indexOf('.');
            return dot < 0 ? path : path.substring(0, dot);
        }
    }

    /**
     * The columns of a file.
     *
     * @param field name of the label's column; empty: one of the usual names
     * @throws UserError if there is no column of images or of that name
     */
    static ParquetSchema of(FileMetaData meta, String field, String file) {
        List<Column> columns = columns(meta.getSchema());
        String names = String.join(", ", columns.stream().map(Column::path).toList());
        Column bytes = columns.stream()
                .filter(column -> column.type() == Type.BYTE_ARRAY && !column.list())
                .filter(column -> column.path().endsWith(".bytes")
                        || !column.text() && column.path().indexOf('.') < 0)
                .findFirst()
                .orElseThrow(() -> new UserError(
                        "%s has no column of images, which is a struct of bytes and path, or bytes; it has %s"
                                .formatted(file, names)));
        Optional<Column> path = columns.stream()
                .filter(column ->
                        bytes.path().endsWith(".bytes") && column.path().equals(bytes.top() + ".path"))
                .findFirst();
        List<String> wanted = field.isEmpty() ? LABELS : List.of(field);
        Optional<Column> label = wanted.stream()
                .flatMap(name -> columns.stream().filter(column -> column.path().equals(name) && !column.list()))
                .findFirst();
        if (label.isEmpty() && !field.isEmpty()) {
            throw new UserError("%s has no column %s (--label-field); it has %s".formatted(file, field, names));
        }
        return new ParquetSchema(
                bytes, path, label, label.map(one -> classes(meta, one.path())).orElse(List.of()));
    }

    private static List<Column> columns(List<SchemaElement> schema) {
        List<Column> columns = new ArrayList<>();
        int[] next = {1};
        for (int i = 0; i < schema.get(0).getNum_children(); i++) {
            walk(schema, next, "", 0, false, columns);
        }
        return columns;
    }

    private static void walk(
            List<SchemaElement> schema, int[] next, String before, int above, boolean listed, List<Column> columns) {
        SchemaElement one = schema.get(next[0]++);
        String path = before.isEmpty() ? one.getName() : before + "." + one.getName();
        int levels = above + (one.getRepetition_type() == FieldRepetitionType.REQUIRED ? 0 : 1);
        boolean list = listed || one.getRepetition_type() == FieldRepetitionType.REPEATED;
        if (!one.isSetNum_children() || one.getNum_children() == 0) {
            boolean text = one.isSetConverted_type() || one.isSetLogicalType();
            columns.add(new Column(path, columns.size(), one.getType(), levels, text, list));
            return;
        }
        for (int i = 0; i < one.getNum_children(); i++) {
            walk(schema, next, path, levels, list, columns);
        }
    }

    /** The names that the library datasets writes: info, features, the column, names. */
    private static List<String> classes(FileMetaData meta, String column) {
        List<KeyValue> all = meta.isSetKey_value_metadata() ? meta.getKey_value_metadata() : List.of();
        for (KeyValue one : all) {
            if (one.getKey().equals("huggingface")) {
                try {
                    JsonElement at = JsonParser.parseString(one.getValue());
                    for (String name : List.of("info", "features", column, "names")) {
                        at = at instanceof JsonObject object ? object.get(name) : null;
                    }
                    return at instanceof JsonArray names
                            ? names.asList().stream()
                                    .map(JsonElement::getAsString)
                                    .toList()
                            : List.of();
                } catch (JsonParseException e) {
                    return List.of();
                }
            }
        }
        return List.of();
    }
}
