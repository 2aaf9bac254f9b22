package org.simreg.coordinator.job.file;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.Message;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.simreg.proto.FieldText;
import org.simreg.proto.Job;
import org.simreg.proto.JobField;
import org.simreg.proto.Nearest;
import org.simreg.proto.Problems;
import org.simreg.proto.UserError;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * The reader of a job from a tree of YAML nodes. It walks nodes, not loaded objects: they know
 * their lines, and a scalar is still the text that was written.
 */
final class JobYamlReader {
    private final String verdict;
    private final Problems problems = new Problems();

    JobYamlReader(String verdict) {
        this.verdict = verdict;
    }

    /** Reads a document; null, as SnakeYAML gives for an empty one, is a job that says nothing. */
    Job read(Node document) {
        Job.Builder job = Job.newBuilder();
        if (document != null && !isNothing(document)) {
            readMapping(document, "", job);
        }
        problems.refuse(verdict);
        return job.build();
    }

    private void readMapping(Node node, String path, Message.Builder into) {
        if (!(node instanceof MappingNode mapping)) {
            wrong(node, path, "keys with values");
            return;
        }
        Set<String> seen = new HashSet<>();
        for (NodeTuple entry : mapping.getValue()) {
            String key = entry.getKeyNode() instanceof ScalarNode s ? s.getValue() : "?";
            FieldDescriptor field = into.getDescriptorForType().findFieldByName(key);
            if (!seen.add(key)) {
                add(entry.getKeyNode(), path + key, "stands twice; leave one");
            } else if (field == null) {
                add(entry.getKeyNode(), path + key, unknown(key, path, into.getDescriptorForType()));
            } else if (!isNothing(entry.getValueNode())) {
                readField(entry.getValueNode(), path + key, field, into);
            }
        }
    }

    private void readField(Node node, String path, FieldDescriptor field, Message.Builder into) {
        if (field.getJavaType() != JavaType.MESSAGE) {
            readValues(node, path, field, into);
        } else if (!field.isRepeated()) {
            readMapping(node, path + ".", into.getFieldBuilder(field));
        } else if (node instanceof SequenceNode list) {
            for (Node item : list.getValue()) {
                Message.Builder one = into.newBuilderForField(field);
                readMapping(item, path + "[" + into.getRepeatedFieldCount(field) + "].", one);
                into.addRepeatedField(field, one.build());
            }
        } else {
            wrong(node, path + ".", "a list, each item begun with a dash");
        }
    }

    private void readValues(Node node, String path, FieldDescriptor field, Message.Builder into) {
        if (node instanceof ScalarNode scalar) {
            readScalar(scalar, path, field, into);
        } else if (field.isRepeated() && node instanceof SequenceNode list) {
            for (Node item : list.getValue()) {
                if (item instanceof ScalarNode scalar) {
                    readScalar(scalar, path, field, into);
                } else {
                    wrong(item, path + ".", "one value");
                }
            }
        } else {
            wrong(node, path + ".", "one value");
        }
    }

    private void readScalar(ScalarNode scalar, String path, FieldDescriptor field, Message.Builder into) {
        try {
            if (field.isRepeated()) {
                List<?> values = (List<?>) FieldText.parseAll(field, scalar.getValue());
                values.forEach(value -> into.addRepeatedField(field, value));
            } else {
                into.setField(field, FieldText.parse(field, scalar.getValue()));
            }
        } catch (UserError e) {
            add(scalar, path, e.getMessage());
        }
    }

    private static String unknown(String key, String path, Descriptor type) {
        List<String> known =
                type.getFields().stream().map(FieldDescriptor::getName).toList();
        String nearest = Nearest.of(key, known)
                .map(name -> path + name)
                .or(() -> Nearest.of(key, elsewhere().keySet()).map(elsewhere()::get))
                .map(name -> "did you mean " + name + "?")
                .orElse("known here: " + String.join(", ", known));
        return "unknown key; " + nearest;
    }

    /** Full keys by last name and by option: a key may stand under the wrong section. */
    private static Map<String, String> elsewhere() {
        Map<String, String> keys = new LinkedHashMap<>();
        for (JobField field : JobField.all()) {
            keys.putIfAbsent(field.field().getName(), field.key());
            keys.putIfAbsent(field.setting().getFlag(), field.key());
        }
        return keys;
    }

    private void wrong(Node node, String path, String expected) {
        String found = switch (node.getNodeId()) {
            case mapping -> "keys with values";
            case sequence -> "a list";
            default -> "'" + ((ScalarNode) node).getValue() + "'";
        };
        String place = path.isEmpty() ? "the job" : path.substring(0, path.length() - 1);
        add(node, place, "expected " + expected + ", found " + found);
    }

    private void add(Node node, String place, String what) {
        problems.add("line " + (node.getStartMark().getLine() + 1) + ": " + place, what);
    }

    private static boolean isNothing(Node node) {
        return node instanceof ScalarNode scalar && scalar.isPlain() && Tag.NULL.equals(node.getTag());
    }
}
