package org.simreg.coordinator.job.file;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.Descriptors.FieldDescriptor.Type;
import com.google.protobuf.Message;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.simreg.proto.FieldText;
import org.simreg.proto.Job;
import org.simreg.proto.JobField;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.DumperOptions.FlowStyle;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.comments.CommentLine;
import org.yaml.snakeyaml.comments.CommentType;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeId;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.resolver.Resolver;

/** The writer of a job as YAML, with each setting's meaning as a comment above it. */
final class JobYamlWriter {
    private static final Resolver RESOLVER = new Resolver();
    private static final Map<FieldDescriptor, JobField> SETTINGS =
            JobField.all().stream().collect(Collectors.toMap(JobField::field, field -> field));

    private JobYamlWriter() {}

    static String yaml(Job job) {
        DumperOptions options = new DumperOptions();
        options.setProcessComments(true);
        options.setSplitLines(false);
        options.setIndent(2);
        StringWriter text = new StringWriter();
        new Yaml(options).serialize(mapping(job), text);
        return text.toString();
    }

    private static Node mapping(Message message) {
        List<NodeTuple> entries = new ArrayList<>();
        message.getAllFields().forEach((field, value) -> entries.add(new NodeTuple(key(field), node(field, value))));
        return new MappingNode(Tag.MAP, entries, FlowStyle.BLOCK);
    }

    private static Node key(FieldDescriptor field) {
        Node key = new ScalarNode(Tag.STR, field.getName(), null, null, ScalarStyle.PLAIN);
        JobField setting = SETTINGS.get(field);
        if (setting != null) {
            String bounds = setting.bounds().isEmpty() ? "" : " (" + setting.bounds() + ")";
            String text = " " + setting.setting().getHelp() + bounds;
            key.setBlockComments(List.of(new CommentLine(null, null, text, CommentType.BLOCK)));
        }
        return key;
    }

    private static Node node(FieldDescriptor field, Object value) {
        if (!field.isRepeated()) {
            return one(field, value);
        }
        List<?> values = (List<?>) value;
        if (field.getType() == Type.STRING
                && values.size() == 1
                && field.getName().equals("path")) {
            return one(field, values.get(0));
        }
        List<Node> items = values.stream().map(item -> one(field, item)).toList();
        boolean sections = field.getJavaType() == JavaType.MESSAGE;
        return new SequenceNode(Tag.SEQ, items, sections ? FlowStyle.BLOCK : FlowStyle.FLOW);
    }

    /** A number gets the tag that its text would be read with, so that it stays plain. */
    private static Node one(FieldDescriptor field, Object value) {
        if (value instanceof Message section) {
            return mapping(section);
        }
        String text = FieldText.text(field, value);
        boolean string = field.getType() == Type.STRING;
        Tag tag = string ? Tag.STR : RESOLVER.resolve(NodeId.scalar, text, true);
        return new ScalarNode(tag, text, null, null, ScalarStyle.PLAIN);
    }
}
