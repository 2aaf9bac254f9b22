package org.simreg.coordinator.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import org.simreg.coordinator.cli.option.GlobalOptions;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** A manual page of a command, in the macros of man(7), made from the command's own options. */
final class ManPage {
    private final CommandSpec command;
    private final StringBuilder text = new StringBuilder();

    private ManPage(CommandSpec command) {
        this.command = command;
    }

    /** The page of a command in roff. */
    static String of(CommandSpec command) {
        ManPage page = new ManPage(command);
        page.head();
        page.arguments();
        page.subcommands();
        page.foot();
        return page.text.toString();
    }

    /**
     * Writes the pages of a command and of all below it that aren't hidden, as {@code NAME.1}.
     *
     * @param folder made if it is absent
     */
    static void write(CommandSpec command, Path folder) {
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve(name(command) + ".1"), of(command));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        children(command).forEach(child -> write(child, folder));
    }

    /** The commands right below one that aren't hidden, by name. */
    static List<CommandSpec> children(CommandSpec command) {
        return List.copyOf(new TreeMap<>(command.subcommands())
                .values().stream()
                        .map(child -> child.getCommandSpec())
                        .filter(child ->
                                !child.usageMessage().hidden() && !child.name().equals("help"))
                        .toList());
    }

    /** {@code simreg-eval-knn}. */
    private static String name(CommandSpec command) {
        return command.qualifiedName("-");
    }

    private void head() {
        String version = GlobalOptions.Version.number();
        line(".TH \"%s\" 1 \"\" \"simreg %s\"".formatted(name(command).toUpperCase(Locale.ROOT), version));
        line(".SH NAME");
        line(escaped(
                name(command) + " - " + String.join(" ", command.usageMessage().description())));
        line(".SH SYNOPSIS");
        Help help = new Help(command, Help.defaultColorScheme(Help.Ansi.OFF));
        line(".nf");
        line(escaped(help.synopsis(0).stripTrailing()));
        line(".fi");
    }

    private void arguments() {
        List<OptionSpec> options =
                command.options().stream().filter(option -> !option.hidden()).toList();
        if (!command.positionalParameters().isEmpty() || !options.isEmpty()) {
            line(".SH OPTIONS");
        }
        for (PositionalParamSpec parameter : command.positionalParameters()) {
            argument(parameter.paramLabel(), parameter);
        }
        for (OptionSpec option : options) {
            String value = option.arity().max() == 0 ? "" : "=" + option.paramLabel();
            argument(String.join(", ", option.names()) + value, option);
        }
    }

    private void argument(String label, ArgSpec argument) {
        line(".TP");
        line("\\fB" + escaped(label) + "\\fR");
        line(escaped(String.join(" ", argument.description())));
    }

    private void subcommands() {
        List<CommandSpec> below = children(command);
        if (!below.isEmpty()) {
            line(".SH COMMANDS");
        }
        for (CommandSpec child : below) {
            line(".TP");
            line("\\fB" + escaped(name(child)) + "\\fR(1)");
            line(escaped(String.join(" ", child.usageMessage().description())));
        }
    }

    private void foot() {
        String[] footer = command.usageMessage().footer();
        if (footer.length > 0) {
            line(".SH NOTES");
            line(".nf");
            for (String each : footer) {
                line(escaped(each));
            }
            line(".fi");
        }
        if (command.parent() != null) {
            line(".SH SEE ALSO");
            line("\\fB" + escaped(name(command.parent())) + "\\fR(1)");
        }
    }

    /** Text with picocli's marks resolved. */
    static String plain(String text) {
        return Help.Ansi.OFF.string(text.replace("%n", "\n").replace("%%", "%"));
    }

    /** Text in which roff finds no macro or escape. */
    private static String escaped(String text) {
        return plain(text).replace("\\", "\\e").replace("-", "\\-").replaceAll("(?m)^([.'])", "\\\\&$1");
    }

    private void line(String line) {
        text.append(line).append('\n');
    }
}
