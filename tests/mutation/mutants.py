"""Mutants of one C++ source, one changed place each. Works on clang-formatted text: a binary operator has
blanks around it, a template's bracket has none."""
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    file: str
    start: int  # offsets into the file's text
    end: int
    text: str  # what stands there instead
    line: int
    kind: str
    before: str  # the whole line, for the reader
    after: str


def blanked(text):
    """The same length, with comments, literals of text and preprocessor lines made blank."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"\((?:.|\n)*?\)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|^[ \t]*#[^\n]*',
                         re.S | re.M)
    # A digit separator (1'000) is no character literal.
    kept = re.sub(r"(?<=\d)'(?=\d)", '_', text)
    return pattern.sub(lambda m: re.sub(r'[^\n]', ' ', m.group()), kept)


SWAPS = [  # kind, pattern, what it becomes
    ('relation', r' (==) ', ['!=']),
    ('relation', r' (!=) ', ['==']),
    ('relation', r' (<) ', ['<=', '>=']),
    ('relation', r' (<=) ', ['<', '>']),
    ('relation', r' (>) ', ['>=', '<=']),
    ('relation', r' (>=) ', ['>', '<']),
    ('logic', r' (&&) ', ['||']),
    ('logic', r' (\|\|) ', ['&&']),
    ('logic', r'(?<![\w)\]=])(!)(?=[\w(*])', ['']),
    ('arithmetic', r' (\+) ', ['-']),
    ('arithmetic', r' (-) ', ['+']),
    ('arithmetic', r' (\*) (?=\w)', ['+']),
    ('arithmetic', r' (\+=) ', ['-=']),
    ('arithmetic', r' (-=) ', ['+=']),
    ('arithmetic', r'(\+\+)', ['--']),
    ('arithmetic', r'(--)(?=\w)', ['++']),
    ('literal', r'\b(true)\b', ['false']),
    ('literal', r'\b(false)\b', ['true']),
    ('side', r'\bSide::(ctm)\b', ['highlevel']),
    ('side', r'\bSide::(highlevel)\b', ['ctm']),
    ('side', r'(?<=\w)\.(ctm)\b', ['highlevel']),
    ('side', r'(?<=\w)\.(highlevel)\b', ['ctm']),
    ('side', r'\b(other)\(', ['']),
    ('ends', r'\.(front)\(\)', ['back']),
    ('ends', r'\.(back)\(\)', ['front']),
    ('ends', r'\b(starts_with)\(', ['ends_with']),
    ('ends', r'\b(ends_with)\(', ['starts_with']),
    ('ends', r'\bstd::(min)\b', ['max']),
    ('ends', r'\bstd::(max)\b', ['min']),
]
NUMBER = re.compile(r"(?<![\w.'])(\d[\d_]*)(?![\w.])")
STATEMENT = re.compile(r'^[ \t]*((?!return\b|using\b|namespace\b|struct\b|class\b|enum\b|template\b|case\b|default\b|public|private|friend\b|else\b|if\b|for\b|while\b|do\b|const\b|constexpr\b|auto\b|static\b)[\w*+(\-][^;{}\n]*;)[ \t]*$', re.M)
DECLARATION = re.compile(r'^(?:const )?[A-Za-z_][\w:<>,* &]*[\w>&*] [&*]?[a-z_]\w*(?:\[\w*\])?(?: =[^=].*|\{.*\}|\(.*\))?;$')
EARLY = re.compile(r'(?:\)|\belse) (return\b[^;{}]*;|continue;|break;)|^[ \t]+(continue;|break;)', re.M)
CONDITION = re.compile(r'\b(?:if|while) (\()')


def closing(code, at):
    depth = 0
    for i in range(at, len(code)):
        depth += {'(': 1, ')': -1}.get(code[i], 0)
        if depth == 0:
            return i
    return -1


def mutants_of(file, text):
    code = blanked(text)
    found = []

    def add(kind, start, end, replacement):
        first = text.rfind('\n', 0, start) + 1
        last = text.find('\n', end)
        found.append(Mutant(file, start, end, replacement, text.count('\n', 0, start) + 1, kind,
                            text[first:last].strip(), (text[first:start] + replacement + text[end:last]).strip()))

    for kind, pattern, replacements in SWAPS:
        for m in re.finditer(pattern, code):
            for replacement in replacements:
                add(kind, m.start(1), m.end(1), replacement)
    for m in NUMBER.finditer(code):
        number = int(m.group(1).replace('_', ''))
        for changed in {number + 1, max(number - 1, 0)} - {number}:
            add('constant', m.start(1), m.end(1), str(changed))
    for m in CONDITION.finditer(code):
        end = closing(code, m.start(1))
        if end > 0 and ';' not in code[m.start(1):end]:
            add('condition', m.start(1), end + 1, '(!' + text[m.start(1):end + 1] + ')')
    for m in STATEMENT.finditer(code):
        if not DECLARATION.match(m.group(1)) and m.group(1).count('(') == m.group(1).count(')'):
            add('statement', m.start(1), m.end(1), ';')
    for m in EARLY.finditer(code):
        group = 1 if m.group(1) else 2
        if m.group(group) != 'break;' or '  break;' not in m.group():
            add('early exit', m.start(group), m.end(group), ';')
    return sorted(found, key=lambda m: (m.file, m.start, m.end, m.text))
