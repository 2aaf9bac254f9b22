package org.simreg.coordinator.job.file;

import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.simreg.proto.Job;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.UserFile;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.Node;

/**
 * The file of a job: YAML, or JSON, which is read as YAML. Keys are the names of the proto fields,
 * enum values are in lower case with dashes; absent keys stay absent in the message.
 */
public final class JobFile {
    /** Name of the file in a run folder: all settings of the run. */
    public static final String NAME = "job.yaml";

    /** A job has three dozen settings; a larger file is a mistake or an attack. */
    private static final int MOST_CHARACTERS = 1 << 18;

    /** Most bytes of a job file. */
    public static final int MOST_BYTES = 4 * MOST_CHARACTERS;

    private static final Pattern ESCAPE = Pattern.compile("\\\\(.)", Pattern.DOTALL);

    private JobFile() {}

    /**
     * @param file UTF-8, YAML or JSON
     * @return what the file says, without defaults
     * @throws UserError if the file can't be read, or says something that is no job; the message
     *     names every problem by line and key
     */
    public static Job read(Path file) {
        return read(file, UserFile::text);
    }

    /** Reads a job as {@link #read}, which may also come from a pipe: for the user of a command. */
    public static Job piped(Path file) {
        return read(file, UserFile::piped);
    }

    private interface Reader {
        String text(Path file, int most) throws IOException;
    }

    private static Job read(Path file, Reader reader) {
        try {
            return parse(file.toString(), reader.text(file, MOST_BYTES));
        } catch (NoSuchFileException e) {
            throw new UserError("The job file " + file + " does not exist", e);
        } catch (CharacterCodingException e) {
            throw new UserError("The job file " + file + " is not UTF-8 text", e);
        } catch (IOException e) {
            throw new UserError("The job file " + file + " can't be read: " + Disk.reason(e), e);
        }
    }

    /**
     * @param name where the text comes from, for messages
     * @param text YAML or JSON
     * @return what the text says, without defaults
     * @throws UserError if it is no job; the message names every problem by line and key
     */
    public static Job parse(String name, String text) {
        return new JobYamlReader("The job file " + name + " is refused").read(compose(name, text));
    }

    /**
     * @return the job as YAML, each key under a comment with its meaning; {@link #parse} reads it
     *     back to an equal job
     */
    public static String yaml(Job job) {
        return JobYamlWriter.yaml(job);
    }

    /** SnakeYAML counts the characters only when it builds objects. */
    private static Node compose(String name, String text) {
        if (text.length() > MOST_CHARACTERS) {
            throw new UserError("The job file " + name + " is too large to be a job");
        }
        LoaderOptions limits = new LoaderOptions();
        limits.setMaxAliasesForCollections(16);
        limits.setNestingDepthLimit(16);
        try {
            return new Yaml(new SafeConstructor(limits)).compose(new StringReader(asYaml(text)));
        } catch (MarkedYAMLException e) {
            int line = e.getProblemMark() == null ? 1 : e.getProblemMark().getLine() + 1;
            String what = "The job file " + name + " is not YAML: line " + line + ": ";
            throw new UserError(what + e.getProblem(), e);
        } catch (YAMLException e) {
            throw new UserError("The job file " + name + " is not YAML: " + e.getMessage(), e);
        }
    }

    /** JSON has two liberties that YAML lacks: tabs between tokens and an escaped slash. */
    private static String asYaml(String text) {
        String plain = text.startsWith("\uFEFF") ? text.substring(1) : text;
        return plain.stripLeading().startsWith("{") ? withoutLiberties(plain) : plain;
    }

    private static String withoutLiberties(String json) {
        return ESCAPE.matcher(json.replace('\t', ' '))
                .replaceAll(e -> Matcher.quoteReplacement(e.group(1).equals("/") ? "/" : e.group()));
    }
}
